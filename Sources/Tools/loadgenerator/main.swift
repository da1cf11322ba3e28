internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Ends the process with a line on standard error.
func end(_ text: String, status: Int32) -> Never {
    let line = text + "\n"
    // The process ends with `status` whether or not anybody can read the line.
    _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
    exit(status)
}

/// Connects and runs the unary load on all loops.
func runUnary(_ options: LoadOptions, on group: MultiThreadedEventLoopGroup) throws -> LoadResult {
    let workers = (0..<options.loops).map { part in
        UnaryWorker(options: options, part: part, on: group.next())
    }
    for future in workers.enumerated().map({ $0.element.connect(part: $0.offset) }) {
        try future.wait()
    }
    let results = try workers.map { $0.run() }.map { try $0.wait() }
    guard var all = results.first else { return LoadResult() }
    for result in results.dropFirst() { all.merge(result) }
    return all
}

/// Creates the watchers and runs the puts they hear of.
func runWatch(_ options: LoadOptions, on group: MultiThreadedEventLoopGroup) throws -> LoadResult {
    let run = WatchRun(options: options, on: group.next())
    try run.connect().wait()
    return try run.run().wait()
}

do {
    let options = try LoadOptions(arguments: Array(CommandLine.arguments.dropFirst()))
    let group = MultiThreadedEventLoopGroup(numberOfThreads: options.loops)
    let result =
        options.command == .watch
        ? try runWatch(options, on: group) : try runUnary(options, on: group)
    print(result.line(options))
    exit(result.errors == 0 ? 0 : 1)
} catch let error as OptionError {
    end("\(error.description)\n\(LoadOptions.usage)", status: 2)
} catch {
    end("\(error)", status: 1)
}
