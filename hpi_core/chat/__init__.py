"""The chat, without a screen: what is sent, who said yes to it, the conversation, and the checking of its numbers.

Nothing is imported here: the offline answers need neither the model's client nor a network.
"""
