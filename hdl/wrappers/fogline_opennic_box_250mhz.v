// Fogline's line100 in the place of AMD OpenNIC's 250 MHz user box: the same parameters and ports as `box_250mhz`.
//
// To build it in: give the shell this file, fogline_axil_bridge.v and line100.v instead of src/box_250mhz, with
// FOGLINE_OPENNIC_MODULE defined as box_250mhz. Physical function 0 and CMAC port 0 go through the card, others
// straight on. The registers are in BAR2 from 0x100000 on.
//
// `tuser_size` is the frame's length as it leaves, stable while it does; `tuser_src` stays. There is no interrupt into
// the shell, so that the driver polls, and no queue: OpenNIC hashes behind the box, over outer headers.
// SPDX-License-Identifier: MIT OR Apache-2.0
`default_nettype none
`timescale 1ns/1ps

`ifndef FOGLINE_OPENNIC_MODULE
`define FOGLINE_OPENNIC_MODULE fogline_opennic_box_250mhz
`endif

module `FOGLINE_OPENNIC_MODULE #(
    parameter MIN_PKT_LEN   = 64,
    parameter MAX_PKT_LEN   = 1518,
    parameter USE_PHYS_FUNC = 1,
    parameter NUM_PHYS_FUNC = 1,
    parameter NUM_QDMA      = 1,
    parameter NUM_CMAC_PORT = 1
) (
    input  wire                                  s_axil_awvalid,
    input  wire [31:0]                           s_axil_awaddr,
    output wire                                  s_axil_awready,
    input  wire                                  s_axil_wvalid,
    input  wire [31:0]                           s_axil_wdata,
    output wire                                  s_axil_wready,
    output wire                                  s_axil_bvalid,
    output wire [1:0]                            s_axil_bresp,
    input  wire                                  s_axil_bready,
    input  wire                                  s_axil_arvalid,
    input  wire [31:0]                           s_axil_araddr,
    output wire                                  s_axil_arready,
    output wire                                  s_axil_rvalid,
    output wire [31:0]                           s_axil_rdata,
    output wire [1:0]                            s_axil_rresp,
    input  wire                                  s_axil_rready,

    input  wire [NUM_PHYS_FUNC*NUM_QDMA-1:0]     s_axis_qdma_h2c_tvalid,
    input  wire [512*NUM_PHYS_FUNC*NUM_QDMA-1:0] s_axis_qdma_h2c_tdata,
    input  wire [64*NUM_PHYS_FUNC*NUM_QDMA-1:0]  s_axis_qdma_h2c_tkeep,
    input  wire [NUM_PHYS_FUNC*NUM_QDMA-1:0]     s_axis_qdma_h2c_tlast,
    input  wire [16*NUM_PHYS_FUNC*NUM_QDMA-1:0]  s_axis_qdma_h2c_tuser_size,
    input  wire [16*NUM_PHYS_FUNC*NUM_QDMA-1:0]  s_axis_qdma_h2c_tuser_src,
    input  wire [16*NUM_PHYS_FUNC*NUM_QDMA-1:0]  s_axis_qdma_h2c_tuser_dst,
    output wire [NUM_PHYS_FUNC*NUM_QDMA-1:0]     s_axis_qdma_h2c_tready,

    output wire [NUM_PHYS_FUNC*NUM_QDMA-1:0]     m_axis_qdma_c2h_tvalid,
    output wire [512*NUM_PHYS_FUNC*NUM_QDMA-1:0] m_axis_qdma_c2h_tdata,
    output wire [64*NUM_PHYS_FUNC*NUM_QDMA-1:0]  m_axis_qdma_c2h_tkeep,
    output wire [NUM_PHYS_FUNC*NUM_QDMA-1:0]     m_axis_qdma_c2h_tlast,
    output wire [16*NUM_PHYS_FUNC*NUM_QDMA-1:0]  m_axis_qdma_c2h_tuser_size,
    output wire [16*NUM_PHYS_FUNC*NUM_QDMA-1:0]  m_axis_qdma_c2h_tuser_src,
    output wire [16*NUM_PHYS_FUNC*NUM_QDMA-1:0]  m_axis_qdma_c2h_tuser_dst,
    input  wire [NUM_PHYS_FUNC*NUM_QDMA-1:0]     m_axis_qdma_c2h_tready,

    output wire [NUM_CMAC_PORT-1:0]              m_axis_adap_tx_250mhz_tvalid,
    output wire [512*NUM_CMAC_PORT-1:0]          m_axis_adap_tx_250mhz_tdata,
    output wire [64*NUM_CMAC_PORT-1:0]           m_axis_adap_tx_250mhz_tkeep,
    output wire [NUM_CMAC_PORT-1:0]              m_axis_adap_tx_250mhz_tlast,
    output wire [16*NUM_CMAC_PORT-1:0]           m_axis_adap_tx_250mhz_tuser_size,
    output wire [16*NUM_CMAC_PORT-1:0]           m_axis_adap_tx_250mhz_tuser_src,
    output wire [16*NUM_CMAC_PORT-1:0]           m_axis_adap_tx_250mhz_tuser_dst,
    input  wire [NUM_CMAC_PORT-1:0]              m_axis_adap_tx_250mhz_tready,

    input  wire [NUM_CMAC_PORT-1:0]              s_axis_adap_rx_250mhz_tvalid,
    input  wire [512*NUM_CMAC_PORT-1:0]          s_axis_adap_rx_250mhz_tdata,
    input  wire [64*NUM_CMAC_PORT-1:0]           s_axis_adap_rx_250mhz_tkeep,
    input  wire [NUM_CMAC_PORT-1:0]              s_axis_adap_rx_250mhz_tlast,
    input  wire [16*NUM_CMAC_PORT-1:0]           s_axis_adap_rx_250mhz_tuser_size,
    input  wire [16*NUM_CMAC_PORT-1:0]           s_axis_adap_rx_250mhz_tuser_src,
    input  wire [16*NUM_CMAC_PORT-1:0]           s_axis_adap_rx_250mhz_tuser_dst,
    output wire [NUM_CMAC_PORT-1:0]              s_axis_adap_rx_250mhz_tready,

    input  wire [15:0]                           mod_rstn,
    output wire [15:0]                           mod_rst_done,
    input  wire                                  box_rstn,
    output wire                                  box_rst_done,
    input  wire                                  axil_aclk,
`ifdef __au55n__
    input  wire                                  ref_clk_100mhz,
`elsif __au55c__
    input  wire                                  ref_clk_100mhz,
`endif
    input  wire                                  axis_aclk
);

    initial begin
        if (USE_PHYS_FUNC == 0 || NUM_PHYS_FUNC != NUM_CMAC_PORT || NUM_QDMA != 1) begin
            $display("fogline: one physical function for each CMAC port, and one QDMA, please");
            $finish;
        end
    end

    // Both the box's and the module's reset hold the card, for 128 cycles of the slow clock at least, so that the
    // bridge's two sides are in reset together.
    reg [7:0] held = 8'd0;
    wire axil_reset = !held[7];
    always @(posedge axil_aclk) begin
        if (!box_rstn || !mod_rstn[0]) held <= 8'd0;
        else if (axil_reset) held <= held + 8'd1;
    end
    assign box_rst_done = !axil_reset;
    assign mod_rst_done = {15'h7fff, !axil_reset};

    (* ASYNC_REG = "TRUE" *) reg [2:0] crossed = 3'b111;
    always @(posedge axis_aclk) crossed <= {crossed[1:0], axil_reset};
    wire reset = crossed[2];

    wire [15:0] axil_awaddr, axil_araddr;
    wire [31:0] axil_wdata, axil_rdata;
    wire [3:0] axil_wstrb;
    wire [1:0] axil_bresp, axil_rresp;
    wire axil_awvalid, axil_awready, axil_wvalid, axil_wready, axil_bvalid, axil_bready;
    wire axil_arvalid, axil_arready, axil_rvalid, axil_rready;

    fogline_axil_bridge bridge (
        .s_clock(axil_aclk), .s_reset(axil_reset),
        .s_axil_awaddr(s_axil_awaddr[15:0]), .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready),
        .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(4'hf), .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready),
        .s_axil_bresp(s_axil_bresp), .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready),
        .s_axil_araddr(s_axil_araddr[15:0]), .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
        .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp), .s_axil_rvalid(s_axil_rvalid),
        .s_axil_rready(s_axil_rready),
        .m_clock(axis_aclk), .m_reset(reset),
        .m_axil_awaddr(axil_awaddr), .m_axil_awvalid(axil_awvalid), .m_axil_awready(axil_awready),
        .m_axil_wdata(axil_wdata), .m_axil_wstrb(axil_wstrb), .m_axil_wvalid(axil_wvalid), .m_axil_wready(axil_wready),
        .m_axil_bresp(axil_bresp), .m_axil_bvalid(axil_bvalid), .m_axil_bready(axil_bready),
        .m_axil_araddr(axil_araddr), .m_axil_arvalid(axil_arvalid), .m_axil_arready(axil_arready),
        .m_axil_rdata(axil_rdata), .m_axil_rresp(axil_rresp), .m_axil_rvalid(axil_rvalid), .m_axil_rready(axil_rready)
    );

    // A frame keeps its source. Its size is the card's to say, its destination follows from where it leaves.
    wire [127:0] line_tx_user, host_tx_user;
    assign m_axis_adap_tx_250mhz_tuser_src[15:0] = line_tx_user[16:1];
    assign m_axis_adap_tx_250mhz_tuser_dst[15:0] = 16'h0040;
    assign m_axis_qdma_c2h_tuser_src[15:0] = host_tx_user[16:1];
    assign m_axis_qdma_c2h_tuser_dst[15:0] = 16'h0001;

    line100 card (
        .clock(axis_aclk), .reset(reset), .interrupt(),
        .s_axil_awaddr(axil_awaddr), .s_axil_awvalid(axil_awvalid), .s_axil_awready(axil_awready),
        .s_axil_wdata(axil_wdata), .s_axil_wstrb(axil_wstrb), .s_axil_wvalid(axil_wvalid), .s_axil_wready(axil_wready),
        .s_axil_bresp(axil_bresp), .s_axil_bvalid(axil_bvalid), .s_axil_bready(axil_bready),
        .s_axil_araddr(axil_araddr), .s_axil_arvalid(axil_arvalid), .s_axil_arready(axil_arready),
        .s_axil_rdata(axil_rdata), .s_axil_rresp(axil_rresp), .s_axil_rvalid(axil_rvalid), .s_axil_rready(axil_rready),

        .host_rx_axis_tdata(s_axis_qdma_h2c_tdata[511:0]), .host_rx_axis_tkeep(s_axis_qdma_h2c_tkeep[63:0]),
        .host_rx_axis_tvalid(s_axis_qdma_h2c_tvalid[0]), .host_rx_axis_tready(s_axis_qdma_h2c_tready[0]),
        .host_rx_axis_tlast(s_axis_qdma_h2c_tlast[0]),
        .host_rx_axis_tuser({111'd0, s_axis_qdma_h2c_tuser_src[15:0], 1'b0}),
        .host_rx_dropped_valid(), .host_rx_dropped_user(),

        .line_tx_axis_tdata(m_axis_adap_tx_250mhz_tdata[511:0]), .line_tx_axis_tkeep(m_axis_adap_tx_250mhz_tkeep[63:0]),
        .line_tx_axis_tvalid(m_axis_adap_tx_250mhz_tvalid[0]), .line_tx_axis_tready(m_axis_adap_tx_250mhz_tready[0]),
        .line_tx_axis_tlast(m_axis_adap_tx_250mhz_tlast[0]), .line_tx_axis_tuser(line_tx_user),
        .line_tx_axis_tdest(), .line_tx_axis_tlen(m_axis_adap_tx_250mhz_tuser_size[15:0]),

        .line_rx_axis_tdata(s_axis_adap_rx_250mhz_tdata[511:0]), .line_rx_axis_tkeep(s_axis_adap_rx_250mhz_tkeep[63:0]),
        .line_rx_axis_tvalid(s_axis_adap_rx_250mhz_tvalid[0]), .line_rx_axis_tready(s_axis_adap_rx_250mhz_tready[0]),
        .line_rx_axis_tlast(s_axis_adap_rx_250mhz_tlast[0]),
        .line_rx_axis_tuser({111'd0, s_axis_adap_rx_250mhz_tuser_src[15:0], 1'b0}),
        .line_rx_dropped_valid(), .line_rx_dropped_user(),

        .host_tx_axis_tdata(m_axis_qdma_c2h_tdata[511:0]), .host_tx_axis_tkeep(m_axis_qdma_c2h_tkeep[63:0]),
        .host_tx_axis_tvalid(m_axis_qdma_c2h_tvalid[0]), .host_tx_axis_tready(m_axis_qdma_c2h_tready[0]),
        .host_tx_axis_tlast(m_axis_qdma_c2h_tlast[0]), .host_tx_axis_tuser(host_tx_user),
        .host_tx_axis_tdest(), .host_tx_axis_tlen(m_axis_qdma_c2h_tuser_size[15:0])
    );

    genvar i;
    generate
        for (i = 1; i < NUM_CMAC_PORT; i = i + 1) begin : straight
            assign m_axis_adap_tx_250mhz_tvalid[i] = s_axis_qdma_h2c_tvalid[i];
            assign m_axis_adap_tx_250mhz_tdata[512*i +: 512] = s_axis_qdma_h2c_tdata[512*i +: 512];
            assign m_axis_adap_tx_250mhz_tkeep[64*i +: 64] = s_axis_qdma_h2c_tkeep[64*i +: 64];
            assign m_axis_adap_tx_250mhz_tlast[i] = s_axis_qdma_h2c_tlast[i];
            assign m_axis_adap_tx_250mhz_tuser_size[16*i +: 16] = s_axis_qdma_h2c_tuser_size[16*i +: 16];
            assign m_axis_adap_tx_250mhz_tuser_src[16*i +: 16] = s_axis_qdma_h2c_tuser_src[16*i +: 16];
            assign m_axis_adap_tx_250mhz_tuser_dst[16*i +: 16] = 16'h0040 << i;
            assign s_axis_qdma_h2c_tready[i] = m_axis_adap_tx_250mhz_tready[i];
            assign m_axis_qdma_c2h_tvalid[i] = s_axis_adap_rx_250mhz_tvalid[i];
            assign m_axis_qdma_c2h_tdata[512*i +: 512] = s_axis_adap_rx_250mhz_tdata[512*i +: 512];
            assign m_axis_qdma_c2h_tkeep[64*i +: 64] = s_axis_adap_rx_250mhz_tkeep[64*i +: 64];
            assign m_axis_qdma_c2h_tlast[i] = s_axis_adap_rx_250mhz_tlast[i];
            assign m_axis_qdma_c2h_tuser_size[16*i +: 16] = s_axis_adap_rx_250mhz_tuser_size[16*i +: 16];
            assign m_axis_qdma_c2h_tuser_src[16*i +: 16] = s_axis_adap_rx_250mhz_tuser_src[16*i +: 16];
            assign m_axis_qdma_c2h_tuser_dst[16*i +: 16] = 16'h0001 << i;
            assign s_axis_adap_rx_250mhz_tready[i] = m_axis_qdma_c2h_tready[i];
        end
    endgenerate
endmodule

`default_nettype wire
