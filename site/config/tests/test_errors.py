"""Not found."""


def test_people_get_a_page(client, db):
    answer = client.get("/nowhere/")

    assert answer.status_code == 404
    assert "<h1" in answer.text


def test_api_clients_get_json(client, db):
    answer = client.get("/nowhere/", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json()) == (404, {"errors": {"__all__": ["There is nothing here."]}})


def test_a_cover_is_only_read(client, db):
    assert client.post(f"/media/covers/{'0' * 32}.webp").status_code == 405
