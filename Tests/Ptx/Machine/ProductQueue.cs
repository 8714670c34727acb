namespace Managed.Tests.Ptx;

/// <summary>A warp's wgmma products under way: which registers hold results that nobody may read yet.</summary>
internal sealed class ProductQueue
{
    private readonly Queue<(int[] Registers, int Group)> _products = new();
    private bool _fenced;
    private int _group;

    public void Clear()
    {
        _products.Clear();
        _fenced = false;
        _group = 0;
    }

    public void Fence() => _fenced = true;

    public void Commit() => _group++;

    public void Issue(Warp warp, Operation operation, int[] results, bool accumulate)
    {
        if (!_fenced)
            throw operation.Error($"wgmma.fence must come before the first wgmma.mma_async{warp.Who(1)}.");
        bool underWay = _products.Any(product => product.Registers.SequenceEqual(results));
        if (accumulate && !underWay)
            warp.RequireWritten(operation, results);
        _products.Enqueue((results, _group));
        warp.MarkWritten(results, written: false);
    }

    /// <summary>Lets the results of all but the newest groups be read; whoever touches registers afterwards fences again.</summary>
    public void Wait(Warp warp, int newest)
    {
        while (_products.TryPeek(out (int[] Registers, int Group) product) && product.Group < _group - newest)
        {
            _products.Dequeue();
            if (!_products.Any(later => later.Registers.SequenceEqual(product.Registers)))
                warp.MarkWritten(product.Registers, written: true);
        }
        if (_products.Count == 0)
            _fenced = false;
    }
}
