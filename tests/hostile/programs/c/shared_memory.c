/*
 * Class: memory, processes
 * Attacks: memory that belongs to nobody: shared pages that one process touches and another one
 *   keeps, files without a name, descriptors in flight in a socket that nobody holds.
 * Invariant: memory is counted for the job, whoever touched it and whoever is gone.
 * Allowed: memory_limit/memory
 * Request: {"limits": {"memory_mb": 64}, "timeout": 10000}
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 1 << 20 };

/* Puts the file into a socket and forgets it: only the kernel knows it now. */
static int send_away(int socket, int file)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec byte = {"x", 1};
    struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &file, sizeof file);
    int sent = (int)sendmsg(socket, &message, MSG_DONTWAIT);
    close(file);
    return sent;
}

int main(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 1;
    for (;;) {
        char *shared = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        pid_t toucher = fork();
        if (toucher == 0) {
            memset(shared, 1, BLOCK);
            int file = memfd_create("nameless", 0);
            char *mapped = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (ftruncate(file, BLOCK) == 0)
                memset(mapped, 1, BLOCK);
            send_away(pair[0], file);
            _exit(0);
        }
        int status = 1;
        waitpid(toucher, &status, 0);
        if (toucher < 0 || status != 0)
            usleep(1000);
    }
}
