// The system calls that Swift's Glibc module cannot name: variadic ones, newer ones.
#ifndef ROPEWALK_CSYSTEM_H
#define ROPEWALK_CSYSTEM_H

// posix_spawn's flag for a new session, which glibc hides behind _GNU_SOURCE.
#define CSYSTEM_SPAWN_SETSID 0x80

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

// Orphaned descendants become children of the caller instead of init.
static inline int csystem_become_subreaper(void) {
  return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

// A descriptor that stays bound to this one process, whoever gets its number later.
static inline int csystem_pidfd_open(pid_t pid) {
  return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int csystem_pidfd_send_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, (void *)0, 0);
}

// Takes the end of the process of a descriptor, should it be a child of ours: its status as `waitpid`
// gives it, or -1 when it is not.
static inline int csystem_reap(int pidfd) {
  siginfo_t info = {0};
  if (waitid((idtype_t)3 /* P_PIDFD */, (id_t)pidfd, &info, WEXITED | WNOHANG) != 0) return -1;
  if (info.si_pid == 0) return -1;
  return info.si_code == CLD_EXITED ? (info.si_status & 0xFF) << 8 : info.si_status & 0x7F;
}

// Marks every descriptor from `first` up close-on-exec: at once, or before Linux 5.11 one by one.
static inline int csystem_close_from_on_exec(unsigned first) {
  if (syscall(SYS_close_range, first, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) == 0) return 0;
  DIR *open_ones = opendir("/proc/self/fd");
  if (!open_ones) return -1;
  for (struct dirent *entry; (entry = readdir(open_ones));) {
    int descriptor = atoi(entry->d_name);
    if (entry->d_name[0] != '.' && descriptor >= (int)first)
      fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }
  return closedir(open_ones);
}

// How many descriptors this process has open, or -1. A whole buffer is read at a time, and nothing
// past its end, unlike what comes of copying a `struct dirent`.
static inline int csystem_open_descriptors(void) {
  int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;
  char buffer[16384] __attribute__((aligned(8)));
  int count = -3;  // ".", ".." and the folder itself.
  for (long size; (size = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0;) {
    for (long at = 0; at < size; count++) at += *(unsigned short *)(buffer + at + 16);
  }
  close(folder);
  return count;
}

// A descriptor from which the signals of `mask` are read; it never blocks.
static inline int csystem_signal_descriptor(const sigset_t *mask) {
  return signalfd(-1, mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

// The next signal that has arrived, or 0; `sender` is 0 for one that no process has sent.
static inline int csystem_next_signal(int descriptor, pid_t *sender) {
  struct signalfd_siginfo info;
  *sender = 0;
  if (read(descriptor, &info, sizeof info) != sizeof info) return 0;
  if (info.ssi_code <= 0 /* SI_USER and its kin */) *sender = (pid_t)info.ssi_pid;
  return (int)info.ssi_signo;
}

// For `openat`-like use of a folder without reading it; hidden behind _GNU_SOURCE.
#define CSYSTEM_O_PATH 010000000

// The next connection, close-on-exec from the start; -1 and errno as ever.
static inline int csystem_accept(int listener) {
  int connection;
  while ((connection = accept(listener, (struct sockaddr *)0, (socklen_t *)0)) < 0 &&
         errno == EINTR) {
  }
  if (connection >= 0) fcntl(connection, F_SETFD, FD_CLOEXEC);
  return connection;
}

// The user id of a Unix socket's peer; -1 when the kernel does not say.
static inline long csystem_peer_user(int connection) {
  struct { pid_t pid; uid_t uid; gid_t gid; } peer;
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  return (long)peer.uid;
}
#endif

static inline int csystem_open(const char *path, int flags, mode_t mode) {
  return open(path, flags, mode);
}

static inline int csystem_openat(int folder, const char *path, int flags, mode_t mode) {
  return openat(folder, path, flags, mode);
}

// Locks the whole file of `descriptor` without waiting; the lock belongs to the descriptor and dies
// with it. 0, or -1 and EAGAIN when another one holds it.
static inline int csystem_lock(int descriptor) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return fcntl(descriptor, 37 /* F_OFD_SETLK */, &whole);
}

// Whether another descriptor holds such a lock; looking takes no lock. -1 and errno when unknown.
static inline int csystem_is_locked(int descriptor) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(descriptor, 36 /* F_OFD_GETLK */, &whole) != 0) return -1;
  return whole.l_type != F_UNLCK;
}

// Makes a copy of the program that belongs to no terminal and has no parent to wait for it. Only before
// there is a second thread: the copy gets none but the caller's.
//
// Returns 0 in the copy, where `*verdict` is what it writes to, and 1 in the caller, where it is what
// the caller reads from; -1 and errno when there is no copy.
static inline int csystem_detach(int *verdict) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  for (int end = 0; end < 2; end++) fcntl(ends[end], F_SETFD, FD_CLOEXEC);
  pid_t child = fork();
  if (child == 0) {
    // Forked a second time, since the leader of a session takes the next terminal it opens for its own.
    setsid();
    signal(SIGHUP, SIG_IGN);
    pid_t copy = fork();
    if (copy != 0) _exit(copy > 0 ? 0 : errno);
    close(ends[0]);
    *verdict = ends[1];
    return 0;
  }
  int failure = errno, status = 0;
  close(ends[1]);
  if (child > 0) {
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    failure = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
  }
  if (child < 0 || failure != 0) {
    close(ends[0]);
    errno = failure;
    return -1;
  }
  *verdict = ends[0];
  return 1;
}

static inline int csystem_errno(void) { return errno; }

#endif
