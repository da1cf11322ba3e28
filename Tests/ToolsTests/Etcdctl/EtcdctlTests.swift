import TestSupport
import Testing

@Suite("etcdctl")
struct EtcdctlTests {
    @Test func printsItsVersion() throws {
        let run = try ProcessResult(built: "etcdctl", ["version"])
        #expect(run.output == "etcdctl version: 3.7.1\nAPI version: 3.7\n")
        #expect(run.status == 0)
    }

    @Test func unknownCommandsAreRefused() throws {
        let run = try ProcessResult(built: "etcdctl", ["nosuch"])
        #expect(
            run.errors == "Error: unknown command \"nosuch\" for \"etcdctl\"\n"
                + "Run 'etcdctl --help' for usage.\n")
        #expect(run.status == 1)
    }

    @Test func aPutNeedsKeyAndValue() throws {
        let run = try ProcessResult(built: "etcdctl", ["put", "a"])
        #expect(
            run.errors
                == "Error: put command needs 1 argument and input from stdin or 2 arguments\n")
        #expect(run.status == 128)
    }

    @Test func anUnreachableMemberIsUnhealthy() throws {
        let run = try ProcessResult(
            built: "etcdctl",
            ["--endpoints=127.0.0.1:1", "--command-timeout=1s", "endpoint", "health"])
        #expect(run.errors.hasPrefix("127.0.0.1:1 is unhealthy: failed to commit proposal: "))
        #expect(run.errors.hasSuffix("Error: unhealthy cluster\n"))
        #expect(run.status == 1)
    }
}
