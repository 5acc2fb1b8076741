global _start

section .data
text: db "Grüße, Жизнь, 世界 ☃ 🚀", 10
size: equ $ - text

section .text
_start:
    mov eax, 1
    mov edi, 1
    lea rsi, [rel text]
    mov edx, size
    syscall
    mov eax, 60
    xor edi, edi
    syscall
