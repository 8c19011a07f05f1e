"""A Stripe stand-in for products, prices, events and webhooks: stateful, strict, and faulty when asked to be.

An independent program: it imports nothing of the portal, and the portal nothing of it. README.md says how to use it.
"""
