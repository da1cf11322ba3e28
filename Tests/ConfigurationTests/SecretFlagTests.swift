import Testing

@testable import Configuration

@Suite("Passwords among the flags")
struct SecretFlagTests {
    @Test(
        arguments: [
            ([], []), (["etcd"], ["etcd"]),
            (["--discovery-password=pw"], ["--discovery-password=********"]),
            (["-discovery-password=p=w"], ["-discovery-password=********"]),
            (
                ["--discovery-password", "pw", "--name", "a"],
                ["--discovery-password", "********", "--name", "a"]
            ),
            (["--discovery-password"], ["--discovery-password"]),
            (["--discovery-password="], ["--discovery-password="]),
            (
                ["--discovery-user=a", "--name", "discovery-password"],
                ["--discovery-user=a", "--name", "discovery-password"]
            ),
            (["---discovery-password=pw"], ["---discovery-password=pw"]),
        ] as [([String], [String])])
    func passwordsAreMasked(arguments: [String], shown: [String]) {
        #expect(SecretFlags.masked(arguments) == shown)
    }

    @Test func everySecretFlagExists() {
        let secret = FlagTable.all.filter(SecretFlags.isSecret)
        #expect(secret.map(\.name) == ["discovery-password"])
    }
}
