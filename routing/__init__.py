"""The place of the delivery plans: orders, depots and vehicles in, routes out. Nothing here yet."""
