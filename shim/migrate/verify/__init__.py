"""Does the new program compute what the old one did, and if not, where do they part?"""
