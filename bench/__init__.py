"""How fast is it, beside the raw limit of the same machine in the same run?"""
