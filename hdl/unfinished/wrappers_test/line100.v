// The ports of line100 as the wrappers tie them; nothing inside.
/* verilator lint_off UNUSED */
/* verilator lint_off UNDRIVEN */
module line100(
    input wire clock, input wire reset, output wire interrupt,
    input wire [15:0] s_axil_awaddr, input wire s_axil_awvalid, output wire s_axil_awready,
    input wire [31:0] s_axil_wdata, input wire [3:0] s_axil_wstrb, input wire s_axil_wvalid, output wire s_axil_wready,
    output wire [1:0] s_axil_bresp, output wire s_axil_bvalid, input wire s_axil_bready,
    input wire [15:0] s_axil_araddr, input wire s_axil_arvalid, output wire s_axil_arready,
    output wire [31:0] s_axil_rdata, output wire [1:0] s_axil_rresp, output wire s_axil_rvalid, input wire s_axil_rready,
    input wire [511:0] host_rx_axis_tdata, input wire [63:0] host_rx_axis_tkeep, input wire host_rx_axis_tvalid,
    output wire host_rx_axis_tready, input wire host_rx_axis_tlast, input wire [127:0] host_rx_axis_tuser,
    output wire host_rx_dropped_valid, output wire [127:0] host_rx_dropped_user,
    output wire [511:0] line_tx_axis_tdata, output wire [63:0] line_tx_axis_tkeep, output wire line_tx_axis_tvalid,
    input wire line_tx_axis_tready, output wire line_tx_axis_tlast, output wire [127:0] line_tx_axis_tuser,
    output wire [15:0] line_tx_axis_tdest, output wire [15:0] line_tx_axis_tlen,
    input wire [511:0] line_rx_axis_tdata, input wire [63:0] line_rx_axis_tkeep, input wire line_rx_axis_tvalid,
    output wire line_rx_axis_tready, input wire line_rx_axis_tlast, input wire [127:0] line_rx_axis_tuser,
    output wire line_rx_dropped_valid, output wire [127:0] line_rx_dropped_user,
    output wire [511:0] host_tx_axis_tdata, output wire [63:0] host_tx_axis_tkeep, output wire host_tx_axis_tvalid,
    input wire host_tx_axis_tready, output wire host_tx_axis_tlast, output wire [127:0] host_tx_axis_tuser,
    output wire [15:0] host_tx_axis_tdest, output wire [15:0] host_tx_axis_tlen
);
endmodule
