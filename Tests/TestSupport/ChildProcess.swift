import Glibc
import Synchronization

/// A process that a test started; killed at deinit.
///
/// Its standard input is empty, and it has no descriptors of the tests but its outputs.
package final class ChildProcess: Sendable {
    /// Where its outputs go.
    package enum Output {
        /// To the outputs of the tests.
        case inherited
        /// Both outputs, appended to one file.
        case file(String)
        case files(output: String, errors: String)
    }

    /// Above the descriptors of the tests; a close of one that is not open is ignored.
    private static let descriptorLimit: Int32 = 1024

    private let id: pid_t
    private let isGroup: Bool
    /// How it ended, once that is known.
    private let end = Mutex<Int32?>(nil)

    /// - Parameters:
    ///   - program: a path, or a name to find on PATH.
    ///   - environment: variables as `NAME=value`; nil for those of the tests.
    ///   - asGroup: the process starts a process group, which is killed as a whole.
    package init(
        _ program: String, _ arguments: [String], environment: [String]? = nil,
        output: Output = .inherited, asGroup: Bool = false
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        Self.add(output, to: &actions)
        for descriptor in Int32(3)..<Self.descriptorLimit {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        if asGroup {
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
            posix_spawnattr_setpgroup(&attributes, 0)
        }
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { $0.map { strdup($0) } + [nil] }
        defer { (words + (variables ?? [])).forEach { free($0) } }
        var id: pid_t = 0
        let failure =
            if let variables {
                posix_spawnp(&id, program, &actions, &attributes, words, variables)
            } else {
                posix_spawnp(&id, program, &actions, &attributes, words, environ)
            }
        guard failure == 0 else {
            throw TestSupportError("\(program): posix_spawnp failed with \(failure)")
        }
        self.id = id
        isGroup = asGroup
    }

    private static func add(_ output: Output, to actions: inout posix_spawn_file_actions_t) {
        let flags = O_WRONLY | O_CREAT | O_APPEND
        switch output {
        case .inherited: break
        case .file(let path):
            posix_spawn_file_actions_addopen(&actions, 1, path, flags, 0o600)
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        case .files(let output, let errors):
            posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600)
            posix_spawn_file_actions_addopen(&actions, 2, errors, flags, 0o600)
        }
    }

    deinit {
        kill()
    }

    /// Kills it as a crash would, with its group if it has one; no-op once it has ended.
    package func kill() {
        end.withLock { end in
            if end != nil { return }
            send(SIGKILL)
            end = waitForEnd()
        }
    }

    /// Stops it, as SIGSTOP does; returns once all of its threads are stopped.
    package func pause() {
        end.withLock { end in
            guard end == nil else { return }
            send(SIGSTOP)
            var state = siginfo_t()
            while waitid(P_PID, id_t(id), &state, WSTOPPED | WEXITED | WNOWAIT) < 0, errno == EINTR
            {}
        }
    }

    /// Lets it go on.
    package func resume() {
        end.withLock { end in
            if end == nil { send(SIGCONT) }
        }
    }

    private func send(_ signal: Int32) {
        Glibc.kill(isGroup ? -id : id, signal)
    }

    /// Waits until it ends.
    ///
    /// - Returns: its exit status, or the negated number of the signal that ended it.
    package func wait() -> Int32 {
        end.withLock { end in
            let known = end ?? waitForEnd()
            end = known
            return known
        }
    }

    private func waitForEnd() -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }
}
