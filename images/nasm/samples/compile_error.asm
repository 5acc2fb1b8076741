section .text
    mov rax, a_label_that_is_not_there
