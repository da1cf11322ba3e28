internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Ends the process with a line on standard error.
func end(_ text: String, status: Int32) -> Never {
    let line = text + "\n"
    // The process exits with `status` even if the line cannot be written.
    _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
    exit(status)
}

/// Signals to the parent process that all connections are open.
func printReady() {
    print("ready")
    fflush(nil)
}

/// Connects and runs the load on all loops.
func runWorkers(_ options: LoadOptions, on group: MultiThreadedEventLoopGroup) throws -> LoadResult
{
    let workers = (0..<options.loops).map { part in
        LoadWorker(options: options, part: part, on: group.next())
    }
    for future in workers.map({ $0.connect() }) { try future.wait() }
    let runs = workers.map { $0.run() }
    if options.hasPhases {
        printReady()
        while readLine() != nil { for worker in workers { worker.beginPhase() } }
        for worker in workers { worker.stop() }
    }
    let results = try runs.map { try $0.wait() }
    guard var all = results.first else { return LoadResult() }
    for result in results.dropFirst() { all.merge(result) }
    return all
}

/// Creates the watchers and runs the puts.
func runWatch(_ options: LoadOptions, on group: MultiThreadedEventLoopGroup) throws -> LoadResult {
    let run = WatchRun(options: options, on: group.next())
    try run.connect().wait()
    return try run.run().wait()
}

/// Holds connections and watchers until standard input ends.
func hold(_ options: LoadOptions, on group: MultiThreadedEventLoopGroup) throws -> LoadResult {
    let run = HoldRun(options: options, on: group.next())
    try run.connect().wait()
    printReady()
    while readLine() != nil {}
    return try run.end().wait()
}

/// Runs the load through the client library.
func runLibrary(
    _ options: LoadOptions, on group: MultiThreadedEventLoopGroup
) throws -> LoadResult {
    try group.any().makeFutureWithTask { try await LibraryRun(options: options).run() }.wait()
}

do {
    let options = try LoadOptions(arguments: Array(CommandLine.arguments.dropFirst()))
    let group = MultiThreadedEventLoopGroup(numberOfThreads: options.loops)
    let result =
        switch options.command {
        case .watch: try runWatch(options, on: group)
        case .hold: try hold(options, on: group)
        case .connect: try ConnectRun(options: options, on: group.next()).run().wait()
        case _ where options.usesLibrary: try runLibrary(options, on: group)
        default: try runWorkers(options, on: group)
        }
    print(result.line(options))
    // Failures of a run with phases are part of its results: pauses are expected to fail some.
    exit(result.errors == 0 || options.hasPhases ? 0 : 1)
} catch let error as OptionError {
    end("\(error.description)\n\(LoadOptions.usage)", status: 2)
} catch {
    end("\(error)", status: 1)
}
