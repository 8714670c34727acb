namespace Managed.Constraints;

/// <summary>A vocabulary's mask in one node: the tokens that may follow, and those that must be tried one by one.</summary>
internal sealed record TokenMask(TokenMasker Owner, ulong[] Allowed, int[] Undetermined);
