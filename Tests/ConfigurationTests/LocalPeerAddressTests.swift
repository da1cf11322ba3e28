import NIOCore
import Testing

@testable import Configuration
@testable import EtcdServer
@testable import ServerLogging

@Suite struct LocalPeerAddressTests {
    /// The chosen address and the texts of the log.
    private func choose(_ urls: String, isEnabled: Bool = true) throws -> (String?, [String]) {
        var configuration = ServerConfiguration()
        let arguments = [
            "--initial-advertise-peer-urls=\(urls)",
            "--feature-gates=SetMemberLocalAddr=\(isEnabled)",
        ]
        _ = try CommandLineFlags.parse(arguments) { flag, text throws(FlagValueError) in
            try flag.setText(&configuration, text)
        }
        let output = MemoryOutput()
        let logger = ServerLogger(destination: LogDestination(outputs: [output]))
        let address = LocalPeerAddress.choose(configuration, logger)
        #expect(address?.port ?? 0 == 0)
        return (address?.ipAddress, output.lines)
    }

    @Test func theFirstAddressThatOthersCanSeeIsChosen() throws {
        let skipped = "https://localhost:1,https://127.3.0.1:1,https://0.0.0.0:1,https://[::1]:1"
        let (address, log) = try choose("\(skipped),https://10.0.0.7:2380,https://10.0.0.8:2380")
        #expect(address == "10.0.0.7")
        #expect(log.count == 2)
        #expect(log[1].contains(#""msg":"setting member local address","LocalAddr":"10.0.0.7""#))
        #expect(try choose("\(skipped),https://[fd00::7]:2380").0 == "fd00::7")
    }

    @Test func withoutOneTheSystemChooses() throws {
        let (address, log) = try choose("http://127.0.0.1:2380,http://[::]:2380")
        #expect(address == nil)
        #expect(
            log.last?.contains(
                "unable to set a member local address due to lack of suitable local addresses")
                == true)
    }

    @Test func withoutTheFeatureNothingIsChosenOrLogged() throws {
        let (address, log) = try choose("http://10.0.0.7:2380", isEnabled: false)
        #expect(address == nil && log.isEmpty)
    }
}
