"""How people write prices in their own country, from price lists and bug reports; and which signs are rejected."""

import pytest

from billings.money import CURRENCIES, CurrencyMismatch, Money, MoneyError, NotAnAmount, parse_amount
from billings.money.everyday_signs import NOT_SOLD, SIGNS
from billings.money.signs import sign_key
from billings.prices.number_locale import negotiated

EVERYDAY = [
    # The Arab world
    ("ar-EG", "49 ج.م.", "egp", 4900),
    ("ar-EG", "٤٩٫٥٠ ج.م", "egp", 4950),
    ("ar-EG", "49 جنيه", "egp", 4900),
    ("en-EG", "LE 49", "egp", 4900),
    ("en-EG", "E£49", "egp", 4900),
    ("ar-AE", "49.00 د.إ.", "aed", 4900),
    ("en-AE", "Dhs. 49", "aed", 4900),
    ("en-AE", "49 Dhs", "aed", 4900),
    ("ar-MA", "49 DH", "mad", 4900),
    ("fr-MA", "49,00 dhs", "mad", 4900),
    ("ar-MA", "49 درهم", "mad", 4900),
    ("ar-SA", "٤٩ ر.س", "sar", 4900),
    ("en-SA", "SR 49", "sar", 4900),
    ("ar-SA", "49 ريال", "sar", 4900),
    ("ar-SA", "49 \u20c1", "sar", 4900),
    ("ar-QA", "QR 49", "qar", 4900),
    ("ar-OM", "49.500 ر.ع.", "omr", 49500),
    ("ar-KW", "د.ك. 49.500", "kwd", 49500),
    ("en-KW", "KD 49.500", "kwd", 49500),
    ("ar-BH", "BD 49.500", "bhd", 49500),
    ("ar-JO", "49.500 JD", "jod", 49500),
    ("ar-TN", "49,500 DT", "tnd", 49500),
    ("fr-TN", "49,500 DT", "tnd", 49500),
    ("ar-DZ", "490 د.ج", "dzd", 49000),
    ("fr-DZ", "490 DA", "dzd", 49000),
    ("ar-LB", "L.L. 49000", "lbp", 4900000),
    ("ar-YE", "490 ر.ي", "yer", 49000),
    # South Asia
    ("en-IN", "490/-", "inr", 49000),
    ("en-IN", "Rs. 490/-", "inr", 49000),
    ("en-IN", "Rs 1,23,456/-", "inr", 12345600),
    ("en-IN", "Rs/- 490", "inr", 49000),
    ("en-IN", "INR 490", "inr", 49000),
    ("en-IN", "490 rupees", "inr", 49000),
    ("hi-IN", "रु 499", "inr", 49900),
    ("hi-IN", "रु. ४९९", "inr", 49900),
    ("hi-IN", "४९९ रुपये", "inr", 49900),
    ("bn-IN", "৪৯৯ টাকা", "inr", 49900),
    ("ta-IN", "ரூ. 499", "inr", 49900),
    ("te-IN", "రూ 499", "inr", 49900),
    ("ne-NP", "रु ४९०", "npr", 49000),
    ("ne-NP", "रू. ४९०/-", "npr", 49000),
    ("en-NP", "NRs. 490", "npr", 49000),
    ("si-LK", "රු. 4900", "lkr", 490000),
    ("ta-LK", "ரூ. 4900", "lkr", 490000),
    ("en-LK", "Rs. 4,900/=", "lkr", 490000),
    ("bn-BD", "৳৪৯০", "bdt", 49000),
    ("en-BD", "Tk. 490", "bdt", 49000),
    ("bn-BD", "৪৯০ টাকা", "bdt", 49000),
    ("ur-PK", "490 روپے", "pkr", 49000),
    ("en-PK", "Rs. 490/-", "pkr", 49000),
    ("en-MV", "Rf. 490", "mvr", 49000),
    ("fa-AF", "۴۹۰ افغانی", "afn", 49000),
    # Latin America
    ("es-BO", "Bs. 49,00", "bob", 4900),
    ("es-BO", "Bs 49", "bob", 4900),
    ("es-PY", "Gs. 49.000", "pyg", 49000),
    ("es-PY", "₲ 49.000", "pyg", 49000),
    ("es-GT", "Q49.00", "gtq", 4900),
    ("es-GT", "Q. 49", "gtq", 4900),
    ("es-UY", "$U 490", "uyu", 49000),
    ("es-UY", "490 pesos", "uyu", 49000),
    ("es-AR", "U$S 49", "usd", 4900),
    ("es-AR", "$ 4.900,00", "ars", 490000),
    ("es-CL", "$49.990", "clp", 49990),
    ("es-CO", "$ 49.900", "cop", 4990000),
    ("es-PE", "S/. 49.90", "pen", 4990),
    ("es-PE", "S/ 49,90", "pen", 4990),
    ("es-PE", "49 soles", "pen", 4900),
    ("es-PA", "B/.49.00", "pab", 4900),
    ("es-HN", "L. 490.00", "hnl", 49000),
    ("es-HN", "Lps. 490", "hnl", 49000),
    ("es-NI", "C$490", "nio", 49000),
    ("es-CR", "₡4900", "crc", 490000),
    ("es-CR", "¢4900", "crc", 490000),
    ("es-DO", "RD$490.00", "dop", 49000),
    ("es-MX", "$49.00 M.N.", "mxn", 4900),
    ("es-MX", "$1,234.00 MXN", "mxn", 123400),
    ("pt-BR", "R$ 10.000", "brl", 1000000),
    ("pt-BR", "49 reais", "brl", 4900),
    ("en-TT", "TT$49", "ttd", 4900),
    ("en-JM", "J$490", "jmd", 49000),
    ("fr-HT", "490 gourdes", "htg", 49000),
    # Europe
    ("de-DE", "49 Euro", "eur", 4900),
    ("de-DE", "49,-", "eur", 4900),
    ("de-DE", "49,– €", "eur", 4900),
    ("de-DE", "49,50 EUR", "eur", 4950),
    ("fr-FR", "49 euros", "eur", 4900),
    ("fr-FR", "49€50", "eur", 4950),
    ("el-GR", "49 ευρώ", "eur", 4900),
    ("ru-RU", "49 евро", "eur", 4900),
    ("es-ES", "49'50 €", "eur", 4950),
    ("es-ES", "1.234'50 €", "eur", 123450),
    ("es-ES", "49’5", "eur", 4950),
    ("nl-NL", "€ 49,-", "eur", 4900),
    ("nl-NL", "49,=", "eur", 4900),
    ("de-DE", "100 US-Dollar", "usd", 10000),
    ("de-CH", "–.80 CHF", "chf", 80),
    ("de-CH", "Fr. —.80", "chf", 80),
    ("de-CH", "--.80", "chf", 80),
    ("de-CH", "49.–", "chf", 4900),
    ("de-CH", "Fr. 49.50", "chf", 4950),
    ("de-CH", "1’234.– Fr.", "chf", 123400),
    ("de-CH", "49 Franken", "chf", 4900),
    ("fr-CH", "49 fr. 50", "chf", 4950),
    ("it-CH", "49 franchi", "chf", 4900),
    ("sv-SE", "49:50 kr", "sek", 4950),
    ("sv-SE", "1 234:50", "sek", 123450),
    ("sv-SE", "49:-", "sek", 4900),
    ("sv-SE", "49 kronor", "sek", 4900),
    ("nb-NO", "kr 49,-", "nok", 4900),
    ("da-DK", "49 kr.", "dkk", 4900),
    ("da-DK", "kr. 1.234,50", "dkk", 123450),
    ("is-IS", "4.900 kr.", "isk", 490000),
    ("pl-PL", "49 złotych", "pln", 4900),
    ("pl-PL", "49 zl", "pln", 4900),
    ("cs-CZ", "490 Kč", "czk", 49000),
    ("cs-CZ", "490,- Kč", "czk", 49000),
    ("cs-CZ", "490 Kčs", "czk", 49000),
    ("cs-CZ", "490 korun", "czk", 49000),
    ("hu-HU", "4900 Ft", "huf", 490000),
    ("hu-HU", "4 900 forint", "huf", 490000),
    ("ro-RO", "49 de lei", "ron", 4900),
    ("ro-MD", "49 lei", "mdl", 4900),
    ("bs-BA", "49 KM", "bam", 4900),
    ("sr-BA", "49 КМ", "bam", 4900),
    ("sr-RS", "4.900,00 дин.", "rsd", 490000),
    ("sr-Latn-RS", "4.900 din", "rsd", 490000),
    ("mk-MK", "490 ден.", "mkd", 49000),
    ("sq-AL", "4900 Lekë", "all", 490000),
    ("sq-AL", "4900 Leke\N{COMBINING DIAERESIS}", "all", 490000),
    ("tr-TR", "49 TL", "try", 4900),
    ("uk-UA", "490 грн.", "uah", 49000),
    ("uk-UA", "490 гривень", "uah", 49000),
    ("ru-UA", "490 грн", "uah", 49000),
    ("be-BY", "49 руб.", "byn", 4900),
    ("ru-BY", "49,50 р.", "byn", 4950),
    ("be-BY", "49 рублёў", "byn", 4900),
    ("ru-RU", "490 руб.", "rub", 49000),
    ("ru-RU", "490 рублей", "rub", 49000),
    ("ru-RU", "490 р.", "rub", 49000),
    ("en-GB", "49 pounds", "gbp", 4900),
    # The Caucasus and Central Asia
    ("ka-GE", "49 ლარი", "gel", 4900),
    ("hy-AM", "490 դր.", "amd", 49000),
    ("az-AZ", "49 man.", "azn", 4900),
    ("ru-AZ", "49 манат", "azn", 4900),
    ("kk-KZ", "490 тг", "kzt", 49000),
    ("ru-KZ", "490 тенге", "kzt", 49000),
    ("ky-KG", "490 сом", "kgs", 49000),
    ("uz-UZ", "490 so'm", "uzs", 49000),
    ("uz-UZ", "490 soʻm", "uzs", 49000),
    ("ru-UZ", "490 сум", "uzs", 49000),
    ("tg-TJ", "490 сомонӣ", "tjs", 49000),
    ("mn-MN", "4900 төгрөг", "mnt", 490000),
    # East and South-East Asia
    ("zh-CN", "RMB 49", "cny", 4900),
    ("zh-CN", "49元", "cny", 4900),
    ("zh-CN", "49 人民币", "cny", 4900),
    ("zh-CN", "￥49", "cny", 4900),
    ("zh-TW", "NT$490", "twd", 49000),
    ("zh-TW", "490元", "twd", 49000),
    ("zh-HK", "HK$49", "hkd", 4900),
    ("zh-HK", "49蚊", "hkd", 4900),
    ("zh-MO", "MOP$49", "mop", 4900),
    ("ja-JP", "4,900円", "jpy", 4900),
    ("ja-JP", "￥4,900-", "jpy", 4900),
    ("ko-KR", "49,000원", "krw", 49000),
    ("th-TH", "490 บาท", "thb", 49000),
    ("th-TH", "๔๙๐.-", "thb", 49000),
    ("vi-VN", "490.000đ", "vnd", 490000),
    ("vi-VN", "490.000 VNĐ", "vnd", 490000),
    ("vi-VN", "490.000 đồng", "vnd", 490000),
    ("lo-LA", "49000 ກີບ", "lak", 4900000),
    ("km-KH", "4900 រៀល", "khr", 490000),
    ("my-MM", "၄၉၀၀ ကျပ်", "mmk", 490000),
    ("id-ID", "Rp 49.000", "idr", 4900000),
    ("id-ID", "Rp. 175.000,-", "idr", 17500000),
    ("id-ID", "49.000 rupiah", "idr", 4900000),
    ("ms-MY", "RM49.90", "myr", 4990),
    ("fil-PH", "₱490", "php", 49000),
    ("en-PH", "P490.00", "php", 49000),
    ("en-SG", "S$49", "sgd", 4900),
    # Oceania
    ("en-AU", "AU$49", "aud", 4900),
    ("en-AU", "A$49", "aud", 4900),
    ("en-NZ", "NZ$49", "nzd", 4900),
    ("en-FJ", "FJ$49", "fjd", 4900),
    ("en-PG", "K49", "pgk", 4900),
    ("to-TO", "T$49", "top", 4900),
    ("en-VU", "VT 490", "vuv", 490),
    ("fr-PF", "490 FCFP", "xpf", 490),
    ("fr-NC", "490 F CFP", "xpf", 490),
    # North America
    ("en-US", "49 dollars", "usd", 4900),
    ("en-US", "US$49", "usd", 4900),
    ("en-US", "$49 USD", "usd", 4900),
    ("fr-CA", "49,00 $ CA", "cad", 4900),
    ("fr-CA", "49 $", "cad", 4900),
    ("en-CA", "CA$49", "cad", 4900),
    ("en-CA", "C$49", "cad", 4900),
    # Africa
    ("pt-CV", "1.234$50", "cve", 123450),
    ("pt-CV", "49$00", "cve", 4900),
    ("pt-AO", "4.900,00 Kz", "aoa", 490000),
    ("pt-MZ", "490,00 MT", "mzn", 49000),
    ("en-ZA", "R49.50", "zar", 4950),
    ("en-ZA", "R 1 234,50", "zar", 123450),
    ("en-NA", "N$49", "nad", 4900),
    ("en-BW", "P49", "bwp", 4900),
    ("en-NG", "N4900", "ngn", 490000),
    ("en-NG", "4900 naira", "ngn", 490000),
    ("sw-KE", "KSh. 490", "kes", 49000),
    ("en-KE", "Kshs 490/=", "kes", 49000),
    ("sw-TZ", "TSh 4,900/=", "tzs", 490000),
    ("en-UG", "USh 49,000", "ugx", 4900000),
    ("am-ET", "490 ብር", "etb", 49000),
    ("en-ZM", "K490", "zmw", 49000),
    ("fr-SN", "4900 F CFA", "xof", 4900),
    ("fr-CI", "4 900 FCFA", "xof", 4900),
    ("fr-CM", "4900 francs", "xaf", 4900),
    ("fr-CD", "4900 FC", "cdf", 490000),
    ("fr-GN", "49000 FG", "gnf", 49000),
    ("fr-RW", "4900 FRw", "rwf", 4900),
    ("mg-MG", "4900 Ar", "mga", 4900),
    ("en-MU", "Rs 490", "mur", 49000),
    ("en-SC", "SR 490", "scr", 49000),
    ("en-GM", "D490", "gmd", 49000),
    ("en-SL", "Le 490", "sle", 49000),
    # Israel
    ("he-IL", "49 ש״ח", "ils", 4900),
    ("he-IL", '49 ש"ח', "ils", 4900),
    ("he-IL", "49 שקלים", "ils", 4900),
]


@pytest.mark.parametrize(("tag", "text", "currency", "minor"), EVERYDAY)
def test_is_read_as_it_is_meant_there(tag, text, currency, minor):
    assert parse_amount(text, currency, negotiated(tag)) == Money(minor, currency)


@pytest.mark.parametrize("elsewhere", ["en-US", "de-DE", "und"])
def test_is_read_as_no_other_amount_elsewhere(elsewhere):
    for _tag, text, currency, minor in EVERYDAY:
        try:
            readings = [parse_amount(text, currency, negotiated(elsewhere))]
        except MoneyError as rejected:
            readings = list(rejected.readings)

        assert not readings or Money(minor, currency) in readings, text


@pytest.mark.parametrize(
    ("tag", "text", "chosen"),
    [
        ("de-DE", "€49", "usd"),
        ("de-DE", "49 Euro", "usd"),
        ("en-US", "49 dollars", "eur"),
        ("en-US", "$49", "eur"),
        ("en-US", "CA$49", "usd"),
        ("es-UY", "$U 490", "usd"),
        ("pt-BR", "R$ 49", "usd"),
        ("es-NI", "C$49", "usd"),
        ("ru-RU", "49 руб.", "byn"),
        ("en-US", "49 руб.", "byn"),
        ("be-BY", "49 руб.", "rub"),
        ("ru-BY", "49 р.", "rub"),
        ("uk-UA", "49 грн", "usd"),
        ("bg-BG", "49 лв.", "eur"),
        ("hr-HR", "49 kn", "eur"),
        ("en-GH", "GH₵49", "usd"),
        ("en-IN", "Rs. 49", "usd"),
        ("en-US", "49 BGN", "eur"),
        ("en-US", "$ 49 CAD", "usd"),
        ("en-US", "$CAD 49", "usd"),
        ("ky-KG", "49 сом", "rub"),
        ("ar-EG", "49 ج.م.", "sar"),
        ("zh-CN", "49 人民币", "jpy"),
        ("en-US", "49 €", "gbp"),
    ],
)
def test_rejects_the_sign_of_another_currency_in_words(tag, text, chosen):
    with pytest.raises(CurrencyMismatch, match="The amount says “"):
        parse_amount(text, chosen, negotiated(tag))


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("49k", "usd"), ("49K", "pgk"), ("49 K", "zmw"), ("1.5m", "usd"), ("49 mil", "brl"), ("49 тыс.", "rub"),
        ("2 lakh", "inr"), ("50c", "usd"), ("50 Cent", "eur"), ("99p", "gbp"), ("49 per month", "usd"),
        ("ca. 49", "eur"),
                ("49 usd eur gbp", "usd"), ("12:30", "usd"), ("49'50", "usd"), ("49 / 50", "usd"), ("$1 2 3", "usd"),
        ("$10 $20", "usd"), ("10$ 20$", "usd"), ("49€5", "eur"), ("49€500", "eur"), ("49-50 €", "eur"),
    ],
)  # fmt: skip
def test_rejects_what_is_a_multiple_a_part_or_no_price(text, currency):
    with pytest.raises(NotAnAmount):
        parse_amount(text, currency, "en_US")


@pytest.mark.parametrize("code", CURRENCIES)
def test_every_currency_has_signs_of_its_own(code):
    for sign in SIGNS[code].split():
        for text in (f"49 {sign}", f"{sign} 49"):
            if sign.casefold() in ("k", "m") and text.endswith(sign):
                continue
            assert parse_amount(text, code, "en_US") == Money(49 * 10 ** CURRENCIES[code].decimals, code)


def test_no_sign_is_another_currencys_code():
    codes = set(CURRENCIES)
    for code, signs in {**SIGNS, **NOT_SOLD}.items():
        assert not {sign_key(sign) for sign in signs.split()} & (codes - {code})


def test_the_table_has_every_currency_and_nothing_twice():
    assert set(SIGNS) == set(CURRENCIES)
    assert not set(NOT_SOLD) & set(CURRENCIES)
    for code, signs in SIGNS.items():
        keys = [sign_key(sign) for sign in signs.split()]
        assert len(keys) == len(set(keys)), code
