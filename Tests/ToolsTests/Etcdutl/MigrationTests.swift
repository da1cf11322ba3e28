import Membership
import Testing

@testable import etcdutl

@Suite("Target versions")
struct MigrationTests {
    @Test func aVersionHasTwoNumbers() throws {
        #expect(try MigrateCommand.targetVersion("3.6") == SemanticVersion(3, 6))
        #expect(try MigrateCommand.targetVersion("4.0") == SemanticVersion(4, 0))
    }

    @Test(arguments: [
        "", ".", "3", "3.", "3.6.1", "3.x", "3.4", "-3.6", "3.6-rc", "99999999999999999999.1",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(throws: ToolFailure.self) { try MigrateCommand.targetVersion(text) }
    }
}
