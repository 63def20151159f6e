"""What is said of goods as they change hands: packed, handed over, complained of, taken in?"""
