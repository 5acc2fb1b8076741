%include "text/print.inc"

global _start

section .text
_start:
    print "Hello, files!"
    mov eax, 60
    xor edi, edi
    syscall
