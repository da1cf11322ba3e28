import Glibc

do {
    try await CommandLineClient(Array(CommandLine.arguments.dropFirst())).run()
} catch let failure as ToolFailure {
    failure.end()
}
