public import MonotonicClock

// In tests of the stages and of leases, integer literals are milliseconds.

extension MonotonicTime: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self.init(milliseconds: value) }
}

extension TimeSpan: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) { self = .milliseconds(value) }
}
