"""Downloads: sources, transfer, receipts, archives."""
