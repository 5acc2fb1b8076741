io.stderr:write("giving up\n")
os.exit(3)
