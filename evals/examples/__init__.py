"""Pictures that may be shipped, and the script that draws most of them."""
