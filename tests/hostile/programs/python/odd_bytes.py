"""
Class: output
Attacks: the answer's JSON: every byte there is, NULs, broken and cut UTF-8, surrogates, terminal
  sequences, on stdout and stderr, written one by one.
Invariant: any bytes are a correct answer with status 200; invalid UTF-8 becomes U+FFFD, or base64
  gives the very bytes.
Allowed: accepted
Request: [{}, {"encoding": "base64"}]
"""

import os

data = bytes(range(256)) + b"\0\0\xf0\x9f\x92\xa9\xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80\x1b[2J\xe2\x82"
for byte in data:
    os.write(1, bytes([byte]))
    os.write(2, bytes([byte]))
