"""What the programs of this folder share: servers under measurement, clients that cost little, and the peer."""
