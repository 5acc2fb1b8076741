/*
 * Class: quotas
 * Attacks: what outlives a process and is counted per machine: System V shared memory, queues and
 *   semaphores, POSIX message queues; pseudo-terminals, which are counted for all together.
 * Invariant: a job uses up nothing that another one could miss: ENOSPC or EINVAL (the limits are
 *   0), EPERM or EACCES; POSIX shared memory works.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 16
 * Bites: openpty
 */
#include "attack.h"

#include <mqueue.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <termios.h>

int main(void)
{
    int master, slave;
    REFUSED("shmget", shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600), ENOSPC, EPERM);
    REFUSED("msgget", msgget(IPC_PRIVATE, IPC_CREAT | 0600), ENOSPC, EPERM);
    REFUSED("semget", semget(IPC_PRIVATE, 1, IPC_CREAT | 0600), ENOSPC, EPERM, EINVAL);
    REFUSED("mq_open", mq_open("/queue", O_RDWR | O_CREAT, 0600, NULL), EPERM);
    REFUSED("a queue in /dev/mqueue", open("/dev/mqueue/queue", O_RDWR | O_CREAT, 0600), EACCES,
            ENOENT);
    REFUSED("openpty", openpty(&master, &slave, NULL, NULL, NULL), EACCES, ENOENT);
    REFUSED("posix_openpt", posix_openpt(O_RDWR | O_NOCTTY), EACCES, ENOENT);
    REFUSED("open /dev/ptmx", open("/dev/ptmx", O_RDWR | O_NOCTTY), EACCES, ENOENT);
    REFUSED("open /dev/pts/ptmx", open("/dev/pts/ptmx", O_RDWR | O_NOCTTY), EACCES, ENOENT);
    REFUSED("chmod of /dev/pts/ptmx", chmod("/dev/pts/ptmx", 0666));
    REFUSED("open /dev/tty", open("/dev/tty", O_RDWR | O_NOCTTY), ENXIO, EACCES, ENOENT);
    REFUSED("open /dev/console", open("/dev/console", O_RDWR | O_NOCTTY), EACCES, ENOENT, ENXIO);
    REFUSED("typing into stdin", ioctl(0, TIOCSTI, "x"), ENOTTY, EPERM);
    REFUSED("typing into stdout", ioctl(1, TIOCSTI, "x"), ENOTTY, EPERM);
    REFUSED("stdin as a controlling terminal", ioctl(0, TIOCSCTTY, 1), ENOTTY, EPERM);
    WORKS("shm_open", shm_open("/mine", O_RDWR | O_CREAT, 0600) >= 0);
    return the_end();
}
