global _start

section .bss
line: resb 8
end:

section .text
_start:
    mov ebx, 1
next:
    lea rsi, [rel end - 1]
    mov byte [rsi], 10
    mov eax, ebx
    mov ecx, 10
digit:
    xor edx, edx
    div ecx
    add dl, '0'
    dec rsi
    mov [rsi], dl
    test eax, eax
    jnz digit
    lea rdx, [rel end]
    sub rdx, rsi
    mov eax, 1
    mov edi, 1
    syscall
    inc ebx
    cmp ebx, 15000
    jle next
    mov eax, 60
    xor edi, edi
    syscall
