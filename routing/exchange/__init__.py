"""Problems and plans in the forms of others."""
