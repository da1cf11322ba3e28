/// Decides which endpoint the next connection goes to.
///
/// Of the active endpoints those with the lowest priority value are used. If some of them have a
/// weight, one of these is chosen at random in proportion to the weights, and one without weight
/// once in a hundred connections (RFC 2782: "a very small chance of being selected"). Otherwise
/// one after the other is used.
struct EndpointChoice {
    let endpoints: [ProxyEndpoint]
    private var isActive: [Bool]
    /// The first index that is considered by the rotation.
    private var rotation = 0

    init(_ endpoints: [ProxyEndpoint]) {
        self.endpoints = endpoints
        isActive = endpoints.map { _ in true }
    }

    /// The indexes of the endpoints that are not used.
    var inactive: [Int] { endpoints.indices.filter { !isActive[$0] } }

    mutating func activate(_ index: Int) { isActive[index] = true }
    mutating func deactivate(_ index: Int) { isActive[index] = false }

    /// The index of the endpoint for the next connection; nil while none is active.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Int? {
        let active = endpoints.indices.filter { isActive[$0] }
        guard let priority = active.map({ endpoints[$0].priority }).min() else { return nil }
        let candidates = active.filter { endpoints[$0].priority == priority }
        let weighted = candidates.filter { endpoints[$0].weight > 0 }
        let unweighted = candidates.filter { endpoints[$0].weight == 0 }
        if weighted.isEmpty { return rotate(unweighted) }
        if !unweighted.isEmpty, Int.random(in: 0..<100, using: &generator) == 0 {
            return rotate(unweighted)
        }
        return byWeight(weighted, using: &generator)
    }

    /// The first candidate from the rotation on.
    private mutating func rotate(_ candidates: [Int]) -> Int? {
        let index = candidates.first { $0 >= rotation } ?? candidates.first
        if let index { rotation = index + 1 }
        return index
    }

    private func byWeight(
        _ candidates: [Int], using generator: inout some RandomNumberGenerator
    ) -> Int? {
        let total = candidates.reduce(0) { $0 + Int(endpoints[$1].weight) }
        var rest = Int.random(in: 0..<total, using: &generator)
        for index in candidates {
            rest -= Int(endpoints[index].weight)
            if rest < 0 { return index }
        }
        return candidates.last
    }
}
