global _start

section .bss
room: equ 1 << 30
text: resb room

section .text
_start:
    lea rdi, [rel text]
    mov ecx, room / 8
    mov eax, 1
    rep stosq
    mov eax, 60
    xor edi, edi
    syscall
