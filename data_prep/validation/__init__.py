"""Is this data fit to train on? Each row is looked at, and graded with the reward that is to pay for it."""
