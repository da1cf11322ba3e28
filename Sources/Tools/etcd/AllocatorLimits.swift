import Glibc

/// Keeps memory from growing with bursts: large blocks go back to the system when they are freed
/// (setting the threshold keeps the allocator from raising it by itself, which would leave them to
/// fragment), and few arenas share the rest.
func boundMemory() {
    typealias SetOption = @convention(c) (CInt, CInt) -> CInt
    // The Glibc module does not show this function.
    guard let symbol = dlsym(nil, "mallopt") else { return }
    let setOption = unsafeBitCast(symbol, to: SetOption.self)
    for (option, value) in [
        (AllocatorOption.mapThreshold, 256 << 10), (.trimThreshold, 1 << 20), (.arenasMax, 4),
    ] {
        _ = setOption(option.rawValue, CInt(value))
    }
}

/// Options of mallopt(3), as malloc.h numbers them.
private enum AllocatorOption: CInt {
    case trimThreshold = -1
    case mapThreshold = -3
    case arenasMax = -8
}
