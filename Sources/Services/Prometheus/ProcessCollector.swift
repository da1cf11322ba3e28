import Glibc

/// Collects the process metrics from /proc.
package enum ProcessCollector {
    /// Updates the `process_*` and `os_fd_*` metrics of a registry on each scrape.
    package static func attach(to registry: MetricRegistry) {
        let cpu = registry.counter("process_cpu_seconds_total")
        let virtual = registry.gauge("process_virtual_memory_bytes")
        let resident = registry.gauge("process_resident_memory_bytes")
        let start = registry.gauge("process_start_time_seconds")
        let open = [registry.gauge("process_open_fds"), registry.gauge("os_fd_used")]
        let limits = [registry.gauge("process_max_fds"), registry.gauge("os_fd_limit")]
        let virtualMax = registry.gauge("process_virtual_memory_max_bytes")
        let received = registry.counter("process_network_receive_bytes_total")
        let sent = registry.counter("process_network_transmit_bytes_total")
        let boot = bootTimeSeconds()
        registry.refreshOnScrape {
            if let status = ProcessStatus.read() {
                cpu.mirror(status.cpuSeconds)
                virtual.set(status.virtualBytes)
                resident.set(status.residentBytes)
                if let boot { start.set(boot + status.startSecondsAfterBoot) }
            }
            if let count = openDescriptorCount() { open.forEach { $0.set(count) } }
            if let limit = limit(RLIMIT_NOFILE) { limits.forEach { $0.set(limit) } }
            if let limit = limit(RLIMIT_AS) { virtualMax.set(limit) }
            if let octets = networkOctets() {
                received.mirror(octets.received)
                sent.mirror(octets.sent)
            }
        }
    }

    private static func limit(_ resource: __rlimit_resource) -> Double? {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limits) == 0 else { return nil }
        return Double(limits.rlim_cur)
    }

    /// Entries of /proc/self/fd, without the descriptor used to read it; nil when it cannot be read.
    package static func openDescriptorCount() -> Int64? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count: Int64 = 0
        while let entry = readdir(directory) {
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return max(0, count - 1)
    }

    private static func bootTimeSeconds() -> Double? {
        guard let text = ProcessStatus.readText("/proc/stat") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            return Double(line.dropFirst(6))
        }
        return nil
    }

    /// `IpExt: InOctets OutOctets` of the process's network namespace.
    private static func networkOctets() -> (received: Double, sent: Double)? {
        guard let text = ProcessStatus.readText("/proc/self/net/netstat") else { return nil }
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("IpExt:") }
        guard lines.count == 2 else { return nil }
        let names = lines[0].split(separator: " ")
        let values = lines[1].split(separator: " ")
        guard let input = names.firstIndex(of: "InOctets"), input < values.count,
            let output = names.firstIndex(of: "OutOctets"), output < values.count,
            let received = Double(values[input]), let sent = Double(values[output])
        else { return nil }
        return (received, sent)
    }
}

/// The values of /proc/self/stat used by metrics.
struct ProcessStatus {
    let cpuSeconds: Double
    let startSecondsAfterBoot: Double
    let virtualBytes: Double
    let residentBytes: Double

    static func read() -> ProcessStatus? {
        guard let text = readText("/proc/self/stat") else { return nil }
        return ProcessStatus(
            statText: text, ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)),
            pageSizeBytes: sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Fields are counted after the program name, which may contain spaces.
    init?(statText: String, ticksPerSecond: Int, pageSizeBytes: Int) {
        guard let nameEnd = statText.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
        let fields = statText[statText.index(after: nameEnd)...].split(separator: " ")
        guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
            let start = Double(fields[19]), let virtual = Double(fields[20]),
            let residentPages = Double(fields[21])
        else { return nil }
        cpuSeconds = (user + system) / Double(ticksPerSecond)
        startSecondsAfterBoot = start / Double(ticksPerSecond)
        virtualBytes = virtual
        residentBytes = residentPages * Double(pageSizeBytes)
    }

    /// The text of a small file in /proc.
    static func readText(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            content += chunk[..<count]
        }
        return content.isEmpty ? nil : String(decoding: content, as: UTF8.self)
    }
}
