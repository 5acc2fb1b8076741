print("never printed")
function broken(
