import Glibc
import ServerLogging
import TestSupport
import Testing

@testable import EtcdServer

/// How many descriptors the process may have, and how many of them client connections take.
@Suite struct DescriptorLimitsTests {
    private static func setLimit(soft: Int, hard: Int) {
        var limit = rlimit(rlim_cur: rlim_t(soft), rlim_max: rlim_t(hard))
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { exit(99) }
    }

    @Test func theSoftLimitIsRaisedToTheHardOne() async {
        await #expect(processExitsWith: .success) {
            Self.setLimit(soft: 300, hard: 1000)
            let limits = DescriptorLimits.raise()
            var raised = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised)
            guard limits == DescriptorLimits(descriptorsMax: 1000), raised.rlim_cur == 1000,
                limits == DescriptorLimits.raise()
            else { exit(1) }
            exit(0)
        }
    }

    @Test func clientsGetWhatTheReserveLeaves() {
        #expect(DescriptorLimits(descriptorsMax: 1024).clientConnectionsMax == 874)
        #expect(DescriptorLimits(descriptorsMax: 151).clientConnectionsMax == 1)
        #expect(DescriptorLimits(descriptorsMax: 150).clientConnectionsMax == 0)
        #expect(DescriptorLimits(descriptorsMax: 10).clientConnectionsMax == 0)
        #expect(DescriptorLimits(descriptorsMax: .max).clientConnectionsMax == .max - 854)
    }

    @Test func connectionsOfOthersAreWithinTheReserveOrTakenFromClients() {
        #expect(DescriptorLimits(descriptorsMax: 1024).peerConnectionsMax == 48)
        #expect(DescriptorLimits(descriptorsMax: 1024).metricsConnectionsMax == 16)
        let many = DescriptorLimits(descriptorsMax: 20_000)
        #expect(many.peerConnectionsMax == 512)
        #expect(many.metricsConnectionsMax == 256)
        #expect(many.clientConnectionsMax == 20_000 - 150 - (512 - 48) - (256 - 16))
    }

    @Test func fourFifthsAreNearlyAll() {
        let limits = DescriptorLimits(descriptorsMax: 1000)
        #expect(!limits.isNearlyUsed(by: 799) && limits.isNearlyUsed(by: 800))
    }
}
