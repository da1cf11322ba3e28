import GRPC
import NIOCore
import NIOPosix
import TestSupport
import Testing

private let hasGRPCIO = (try? ProcessResult(shell: "python3 -c 'import grpc'"))?.status == 0
private let hasH2load = (try? ProcessResult(shell: "h2load --version"))?.status == 0

@Suite(.serialized) struct UnmodifiedClientTests {
    @Test(.enabled(if: hasGRPCIO)) func grpcioIsServed() async throws {
        let server = try await EchoServer.start()
        let script = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let port = server.port
        let result = try await NIOThreadPool.singleton.runIfActive(
            eventLoop: MultiThreadedEventLoopGroup.singleton.any()
        ) { try ProcessResult(shell: "python3 /\(script)/grpcio_client.py \(port)") }.get()
        #expect(result.output == "ok\n")
        try await server.stop()
    }

    @Test(.enabled(if: hasH2load)) func h2loadIsServed() async throws {
        let server = try await EchoServer.start()
        let port = server.port
        let result = try await NIOThreadPool.singleton.runIfActive(
            eventLoop: MultiThreadedEventLoopGroup.singleton.any()
        ) {
            try ProcessResult(
                shell: "printf '\\0\\0\\0\\0\\002ab' > /tmp/h2load-body-\(port); "
                    + "h2load -n 5000 -c 10 -m 10 -d /tmp/h2load-body-\(port) "
                    + "-H 'content-type: application/grpc' -H 'te: trailers' "
                    + "http://127.0.0.1:\(port)/test.Echo/Unary; rm /tmp/h2load-body-\(port)")
        }.get()
        #expect(result.output.contains("5000 succeeded, 0 failed, 0 errored, 0 timeout"))
        let counters = try await server.server.collectCounters(on: server.group.any()).get()
        #expect(counters[0].handled[0] == 5000)
        try await server.stop()
    }
}
