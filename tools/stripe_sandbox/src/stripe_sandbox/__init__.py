"""A stand-in for Stripe: products, prices, events and webhooks; stateful, strict, with fault injection.

Independent of the portal: neither imports the other. README.md describes its use.
"""
