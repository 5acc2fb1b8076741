global _start

section .data
text: db "again and again", 10
size: equ $ - text

section .text
_start:
    mov eax, 1
    mov edi, 1
    lea rsi, [rel text]
    mov edx, size
    syscall
    jmp _start
