package auth

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
)

// RSA keys outside of these sizes, in bits, are refused: below, they can be factored; above, each
// forged token costs milliseconds.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// checkRSA refuses weak RSA keys: RFC 7518 section 3.3 for the size, NIST SP 800-56B for the
// exponent.
func checkRSA(public *rsa.PublicKey) error {
	switch bits := public.N.BitLen(); {
	case bits < minRSABits:
		return fmt.Errorf("the RSA key has %d bits; make one with at least %d", bits, minRSABits)
	case bits > maxRSABits:
		return fmt.Errorf("the RSA key has %d bits; make one with at most %d", bits, maxRSABits)
	// A small exponent makes mistakes in padding fatal; an even one is none that RSA can have.
	case public.E < 65537 || public.E%2 == 0:
		return fmt.Errorf("the RSA key has the public exponent %d; make one with 65537", public.E)
	case public.N.Bit(0) == 0:
		return errors.New("the RSA key has an even modulus; make a new one")
	// Last, because it costs more than the other checks.
	case isROCA(public.N):
		return errors.New("the RSA key was made by a faulty generator (ROCA, CVE-2017-15361); " +
			"make a new one elsewhere")
	}
	return nil
}

// rocaResidues holds, for each small prime, the residues that a ROCA modulus can have: the powers
// of 65537. Only primes where these are not all residues tell anything.
var rocaResidues = func() map[int64]map[int64]bool {
	residues := make(map[int64]map[int64]bool)
	for _, prime := range []int64{
		11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
	} {
		powers := map[int64]bool{}
		for power := int64(1); !powers[power]; power = power * 65537 % prime {
			powers[power] = true
		}
		residues[prime] = powers
	}
	return residues
}()

// isROCA reports whether n has the fingerprint of the faulty RSALib generator (Nemec et al., "The
// Return of Coppersmith's Attack", 2017, section 2.3): modulo every one of these primes it is a
// power of 65537. A sound modulus has it with a chance of about one in 2^27.
func isROCA(n *big.Int) bool {
	var residue, modulus big.Int
	for prime, powers := range rocaResidues {
		if !powers[residue.Mod(n, modulus.SetInt64(prime)).Int64()] {
			return false
		}
	}
	return true
}
