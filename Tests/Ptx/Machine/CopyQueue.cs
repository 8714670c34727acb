using System.Buffers.Binary;

namespace Managed.Tests.Ptx;

/// <summary>One thread's cp.async copies: started, committed in groups, landed when waited for.</summary>
internal sealed class CopyQueue
{
    private readonly record struct Copy(Operation Operation, ulong Target, int Bytes, UInt128 Value, int Group);

    private readonly Queue<Copy> _copies = new();
    private int _group;

    public void Clear()
    {
        _copies.Clear();
        _group = 0;
    }

    public void Start(Warp warp, int lane, Operation operation, ulong target, int bytes, UInt128 value)
    {
        warp.Block.BeginCopy(warp, operation, lane, target, bytes);
        _copies.Enqueue(new Copy(operation, target, bytes, value, _group));
    }

    public void Commit() => _group++;

    /// <summary>Lands all but the newest groups.</summary>
    public void Wait(Warp warp, int lane, int newest) => Land(warp, lane, _group - newest);

    public void WaitAll(Warp warp, int lane) => Land(warp, lane, int.MaxValue);

    private void Land(Warp warp, int lane, int beforeGroup)
    {
        Span<byte> bytes = stackalloc byte[16];
        while (_copies.TryPeek(out Copy copy) && copy.Group < beforeGroup)
        {
            _copies.Dequeue();
            BinaryPrimitives.WriteUInt128LittleEndian(bytes, copy.Value);
            warp.Block.EndCopy(warp, copy.Operation, lane, copy.Target, bytes[..copy.Bytes]);
        }
    }
}
