internal import Crypto
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import SwiftASN1
internal import X509
