"""Troupe's messages: one module per category, such as `troupe_messages.identity`."""
