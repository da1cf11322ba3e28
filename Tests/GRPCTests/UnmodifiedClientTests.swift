import GRPC
import Glibc
import NIOCore
import NIOPosix
import Testing

/// Runs a command and gives its exit status and what it printed.
private func run(_ command: String) -> (status: CInt, output: String) {
    guard let pipe = popen(command + " 2>&1", "r") else { return (-1, "") }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        guard count > 0 else { break }
        output += buffer[..<count]
    }
    return (pclose(pipe), String(decoding: output, as: UTF8.self))
}

private let hasGRPCIO = run("python3 -c 'import grpc'").status == 0
private let hasH2load = run("h2load --version").status == 0

@Suite(.serialized) struct UnmodifiedClientTests {
    @Test(.enabled(if: hasGRPCIO)) func grpcioIsServed() async throws {
        let server = try await EchoServer.start()
        let script = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let port = server.port
        let result = try await NIOThreadPool.singleton.runIfActive(
            eventLoop: MultiThreadedEventLoopGroup.singleton.any()
        ) { run("python3 /\(script)/grpcio_client.py \(port)") }.get()
        #expect(result.output == "ok\n")
        try await server.stop()
    }

    @Test(.enabled(if: hasH2load)) func h2loadIsServed() async throws {
        let server = try await EchoServer.start()
        let port = server.port
        let result = try await NIOThreadPool.singleton.runIfActive(
            eventLoop: MultiThreadedEventLoopGroup.singleton.any()
        ) {
            run(
                "printf '\\0\\0\\0\\0\\002ab' > /tmp/h2load-body-\(port); "
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
