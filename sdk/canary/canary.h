/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol between the canary, which tries what an attacker would, and the host that asks. */
#ifndef JAUAUTH_CANARY_CANARY_H
#define JAUAUTH_CANARY_CANARY_H

/*
 * The canary runs inside a sandbox in place of a server's command. It takes no arguments, reads a
 * list of attempts from stdin, makes them one by one, each in a child with a time limit of its own,
 * and writes facts to stdout. It judges nothing. It never prints what a file holds: a planted file
 * is compared inside.
 *
 * Input: lines that end in LF, fields separated by one TAB, without escapes, so that a field holds
 * neither of them nor NUL; in all at most CANARY_INPUT_MAX bytes.
 *
 *   jauauth-canary 1              CANARY_WORD, CANARY_VERSION
 *   random HEX                    CANARY_RANDOM_DIGITS digits, 0-9 and a-f
 *   attempt N NAME [ARGUMENT]…    N: 1 … 999999, chosen by the host, no two alike
 *   go
 *
 * Input that is not like this up to `go` ends the canary with status 2 before the first attempt,
 * with a sentence on stderr. An attempt of an unknown name, with a wrong number of arguments, or
 * with an argument out of its range is answered `failed`, and the others are made.
 *
 * Output: lines of the same kind, at most CANARY_LINE_MAX bytes, each written at once. What is not
 * printable ASCII is replaced by `?`.
 *
 *   jauauth-canary 1 HEX
 *   N open [DETAIL]               what the attacker wanted worked, and is undone
 *   N held REASON [DETAIL]        it did not. REASON is the name of an errno (ENOENT; ERRNO-n for
 *                                 one without), of the signal that killed the child (SIGSYS,
 *                                 SIGKILL, SIGXCPU, SIGXFSZ), or
 *                                   OTHER      something is there, but not what was looked for
 *                                   UNCHANGED  it was done, but had no effect
 *   N value TEXT                  the answer to a question that has no verdict; such an attempt
 *                                 answers `held` when the question itself was refused
 *   N failed TEXT                 the attempt could not be made: nothing was measured
 *   N timeout                     its child was killed after its time
 *   end HEX
 *
 * There is one answer to each attempt, in their order. A run without its `end` line is partial:
 * what came counts, the rest was not measured. That is so when a limit of the sandbox kills more
 * than the child that broke it, so attempts on limits belong at the end.
 *
 * After `end` the canary waits for the end of its stdin, at most CANARY_WAIT_SECONDS, then removes
 * the files of `create` and ends with status 0. So the host keeps stdin open until it has looked
 * for them. Nothing else of an attempt is left when its answer is written, except what `stay` is
 * for. A canary that was killed leaves no process, but may leave each file that was named to it for
 * being made, which the host removes.
 *
 * Executed with `euid` as its only argument it prints its effective user and ends; `execute-setuid`
 * needs that. That is all it does where it was executed with more rights than its caller has, so
 * that a setuid copy of it can be planted.
 */

#define CANARY_WORD          "jauauth-canary"
#define CANARY_VERSION       "1"
#define CANARY_INPUT_MAX     65536
#define CANARY_ATTEMPTS_MAX  512
#define CANARY_LINE_MAX      4096
#define CANARY_RANDOM_DIGITS 32
#define CANARY_WAIT_SECONDS  60

/* Bounds of what attempts on limits take, and of their arguments. */
#define CANARY_BYTES_MAX     4294967296 /* of memory, also half of the machine's; of disk */
#define CANARY_PROCESSES_MAX 4096
#define CANARY_TREE_MAX      64    /* processes of `memory-tree` and `cpu` */
#define CANARY_CPU_MAX       10000 /* MILLISECONDS times PROCESSES of `cpu` */
#define CANARY_FILES_MAX     1048576
#define CANARY_STAY_MAX      60000

/*
 * All attempts: X(SYMBOL, NAME, LEAST, MOST, SECONDS), with the bounds of the number of arguments
 * and the time limit.
 *
 * network
 *   connect-tcp ADDRESS PORT  connects; numeric IPv4 or IPv6, as in `route`
 *   route ADDRESS             connects a datagram socket, which sends nothing
 *   connect-unix PATH         connects to a socket in a folder
 *   connect-abstract NAME     connects to an abstract socket, without the NUL in front of its name
 *   interfaces                value: names of the network interfaces, separated by a blank, `none`
 * files
 *   read PATH [EXPECTED]      opens and reads; with EXPECTED the file must begin with it (OTHER)
 *   list PATH                 opens and reads a folder
 *   create PATH               creates an empty file that must not exist (EEXIST)
 *   write PATH                opens an existing file for writing, and writes nothing
 *   execute-setuid PATH       executes PATH with the argument `euid`, a setuid copy of the canary;
 *                             open when it says another user than the own (UNCHANGED); detail: its
 *                             effective user
 *   device PATH               opens a file for reading and writing, as devices are
 *   mknod PATH                makes a node of the null device and opens it, then removes it
 * environment
 *   variable NAME             is it in the environment (ENOENT)
 *   environment               value: names of all variables, separated by a blank, `none`
 *   environ-of PID [NAME]     reads /proc/PID/environ; open when it holds anything, with NAME when
 *                             it holds this variable (OTHER)
 * processes
 *   processes                 value: how many processes /proc shows, the attempt's child left out
 *   see PID                   is it in /proc (ENOENT)
 *   signal PID                signal 0
 *   trace PID                 ptrace(2), PTRACE_SEIZE, which stops nothing
 *   memory-of PID             process_vm_readv(2) at address 0, where EFAULT is open
 * ipc
 *   shm-key KEY               is there System V shared memory of this key; decimal, or 0x…
 *   keyring DESCRIPTION       is a key of type `user` found
 * kernel
 *   capabilities              value: effective, permitted, bounding; 16 hexadecimal digits each
 *   no-new-privileges         value: 0 or 1
 *   seccomp                   value: 0 none, 2 a filter
 *   user-namespace            makes one
 *   mount                     mounts an empty file system, in a mount namespace of its own
 *   tiocsti                   types into a terminal of its own
 *   io-uring, bpf, userfaultfd, perf-event, key-add
 *                             makes a ring, a map, a descriptor of page faults, an event, a key
 * descriptors
 *   descriptors               value: those open at the start beside 0, 1 and 2, as NUMBER:KIND
 *                             (file, directory, pipe, socket, device, other), or `none`
 *   terminal                  opens /dev/tty
 * identity
 *   user                      value: uid=N gid=N groups=N,N,…, as seen inside
 * limits
 *   memory BYTES              writes to each page of as much memory, in one process
 *   memory-tree BYTES PROCESSES
 *                             the same, divided between processes that have it at one time
 *   processes-limit COUNT     forks children that stay until all are counted; value: N, or N and
 *                             the errno of the next
 *   cpu MILLISECONDS PROCESSES
 *                             processes that compute for so long; value: milliseconds that passed,
 *                             and that they had of processors
 *   file-size BYTES PATH      writes the last byte of a file of that size, otherwise a hole
 *   open-files COUNT          opens descriptors; value: N, or N and the errno of the next
 *   disk BYTES PATH           allocates files at this place; value: bytes, or bytes and the errno
 * of the next ones end stay MILLISECONDS         leaves a process of its own session that ignores
 * the end of stdin and the signals that can be ignored, and ends after that time; it holds the
 * canary's stdout open, so that its end can be seen
 *
 * The files of `file-size` and `disk` must not exist, and lose their name as soon as they are made.
 */
#define CANARY_ATTEMPTS(X)                                                                         \
  X(connect_tcp, "connect-tcp", 2, 2, 5)                                                           \
  X(route, "route", 1, 1, 5)                                                                       \
  X(connect_unix, "connect-unix", 1, 1, 5)                                                         \
  X(connect_abstract, "connect-abstract", 1, 1, 5)                                                 \
  X(interfaces, "interfaces", 0, 0, 5)                                                             \
  X(read, "read", 1, 2, 5)                                                                         \
  X(list, "list", 1, 1, 5)                                                                         \
  X(create, "create", 1, 1, 5)                                                                     \
  X(write, "write", 1, 1, 5)                                                                       \
  X(execute_setuid, "execute-setuid", 1, 1, 10)                                                    \
  X(device, "device", 1, 1, 5)                                                                     \
  X(mknod, "mknod", 1, 1, 5)                                                                       \
  X(variable, "variable", 1, 1, 5)                                                                 \
  X(environment, "environment", 0, 0, 5)                                                           \
  X(environ_of, "environ-of", 1, 2, 5)                                                             \
  X(processes, "processes", 0, 0, 10)                                                              \
  X(see, "see", 1, 1, 5)                                                                           \
  X(signal, "signal", 1, 1, 5)                                                                     \
  X(trace, "trace", 1, 1, 5)                                                                       \
  X(memory_of, "memory-of", 1, 1, 5)                                                               \
  X(shm_key, "shm-key", 1, 1, 5)                                                                   \
  X(keyring, "keyring", 1, 1, 5)                                                                   \
  X(capabilities, "capabilities", 0, 0, 5)                                                         \
  X(no_new_privileges, "no-new-privileges", 0, 0, 5)                                               \
  X(seccomp, "seccomp", 0, 0, 5)                                                                   \
  X(user_namespace, "user-namespace", 0, 0, 5)                                                     \
  X(mount, "mount", 0, 0, 5)                                                                       \
  X(tiocsti, "tiocsti", 0, 0, 5)                                                                   \
  X(io_uring, "io-uring", 0, 0, 5)                                                                 \
  X(bpf, "bpf", 0, 0, 5)                                                                           \
  X(userfaultfd, "userfaultfd", 0, 0, 5)                                                           \
  X(perf_event, "perf-event", 0, 0, 5)                                                             \
  X(key_add, "key-add", 0, 0, 5)                                                                   \
  X(descriptors, "descriptors", 0, 0, 5)                                                           \
  X(terminal, "terminal", 0, 0, 5)                                                                 \
  X(user, "user", 0, 0, 5)                                                                         \
  X(memory, "memory", 1, 1, 60)                                                                    \
  X(memory_tree, "memory-tree", 2, 2, 60)                                                          \
  X(processes_limit, "processes-limit", 1, 1, 60)                                                  \
  X(cpu, "cpu", 2, 2, 60)                                                                          \
  X(file_size, "file-size", 2, 2, 20)                                                              \
  X(open_files, "open-files", 1, 1, 20)                                                            \
  X(disk, "disk", 2, 2, 60)                                                                        \
  X(stay, "stay", 1, 1, 5)

#endif
