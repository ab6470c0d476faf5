// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// What the C library gives.

func exponential(_ x: Double) -> Double { exp(x) }
/// Natural.
func logarithm(_ x: Double) -> Double { log(x) }
