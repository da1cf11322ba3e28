import Testing

@testable import EtcdServer

@Suite struct EnvironmentTests {
    @Test func variableSetsAFlag() {
        let loaded = load([], environment: ["PATH=/bin", "ETCD_NAME=m2", "ETCD_MAX_WALS=7"])
        #expect(loaded.configuration?.name == "m2")
        #expect(loaded.configuration?.walFilesMax == 7)
        #expect(
            loaded.log.contains {
                $0.contains(#""msg":"recognized and used environment variable""#)
                    && $0.contains(#""variable-name":"ETCD_NAME","variable-value":"m2""#)
            })
    }

    @Test func variableShadowedByAFlagIsFatal() {
        let loaded = load(["--name", "m1"], environment: ["ETCD_NAME=m2"])
        #expect(loaded.finish?.status == 1)
        #expect(loaded.log.last?.hasPrefix(#"{"level":"fatal","#) == true)
        #expect(
            loaded.log.last?.contains(
                "shadowed by corresponding command-line flag "
                    + "(either unset environment variable or disable flag))") == true)
        #expect(loaded.log.last?.hasSuffix(#""environment-variable":"ETCD_NAME"}"#) == true)
    }

    @Test func wrongVariableIsAValidationError() {
        let loaded = load([], environment: ["ETCD_SNAPSHOT_COUNT=-1"])
        #expect(loaded.finish?.status == 1)
        #expect(
            loaded.log.last?.contains(
                #""error":"invalid value \"-1\" for ETCD_SNAPSHOT_COUNT: parse error""#) == true)
    }

    @Test func unknownVariableCausesAWarning() {
        let loaded = load([], environment: ["ETCD_FOO=1", "ETCDCTL_API=3", "ETCD_HELP=1"])
        #expect(loaded.configuration != nil)
        let warnings = loaded.log.filter { $0.contains("unrecognized environment variable") }
        #expect(warnings.count == 2)
        #expect(warnings.first?.contains(#""environment-variable":"ETCD_FOO=1""#) == true)
    }

    @Test func versionVariableIsIgnored() {
        let loaded = load([], environment: ["ETCD_VERSION=3.4"])
        #expect(loaded.configuration != nil)
        #expect(loaded.log.count == 1)
        #expect(
            loaded.log.first?.contains(
                #""msg":"cannot set special environment variable","key":"ETCD_VERSION""#) == true)
    }

    @Test func emptyVariableCountsAsUnset() {
        let loaded = load([], environment: ["ETCD_NAME="])
        #expect(loaded.configuration?.name == "default")
        #expect(loaded.log.contains { $0.contains("unrecognized environment variable") })
    }

    @Test func shortRaftTimeoutIsRaised() {
        let loaded = load(["--raft-read-timeout=1s"])
        #expect(loaded.configuration?.raftReadTimeout == .seconds(5))
        #expect(loaded.configuration?.raftWriteTimeout == .seconds(5))
        #expect(loaded.log.contains { $0.contains("raft-read-timeout increased") })
    }
}
