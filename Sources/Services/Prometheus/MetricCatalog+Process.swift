extension MetricCatalog {
    /// Metrics of the process and of scrapes.
    static let process: [MetricDescription] = [
        .gauge("os_fd_limit", "File descriptors this process may have."),
        .gauge("os_fd_used", "File descriptors this process has."),
        .counter("process_cpu_seconds_total", "Seconds of processor time used by this process."),
        .gauge("process_max_fds", "File descriptors this process may have."),
        .counter(
            "process_network_receive_bytes_total",
            "Bytes received over IP in this process' network."),
        .counter(
            "process_network_transmit_bytes_total", "Bytes sent over IP in this process' network."),
        .gauge("process_open_fds", "File descriptors this process has."),
        .gauge("process_resident_memory_bytes", "Bytes of memory in use."),
        .gauge("process_start_time_seconds", "Unix time of the start of this process."),
        .gauge("process_virtual_memory_bytes", "Bytes of address space in use."),
        .gauge("process_virtual_memory_max_bytes", "Bytes of address space this process may have."),
        .gauge("promhttp_metric_handler_requests_in_flight", "Scrapes in progress."),
        .counter(
            "promhttp_metric_handler_requests_total", labels: ["code"],
            "Scrapes completed, by HTTP status."),
    ]
}
